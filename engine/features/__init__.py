"""What a pin turns into: analysed text, a decoded picture, a vector, a fingerprint."""
