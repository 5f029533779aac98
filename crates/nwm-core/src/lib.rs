//! The locally coupled oscillatory cell of neural wave machines, as one differentiable candle op.
