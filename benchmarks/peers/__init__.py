"""This engine beside others on the same pins: `make bench-peers`, results in `results/peers.md`."""
