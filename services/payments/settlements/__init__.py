"""Who gets which part of a closed deal."""
