//! Models, what they can do, and dated prices.
