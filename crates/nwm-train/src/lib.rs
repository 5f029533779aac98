//! Training and evaluation of neural wave machines: resumable bit for bit.
