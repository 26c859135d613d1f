"""What a picture holds, and whom it is for."""
