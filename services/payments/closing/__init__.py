"""What closing, cancelling and repricing a deal ask of its payments."""
