//! Statistics and pictures of travelling waves and forecasts, on plain arrays.
