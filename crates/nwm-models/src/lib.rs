//! Neural wave machines and their baselines: encoders, decoders and recurrent forecasters on candle.
