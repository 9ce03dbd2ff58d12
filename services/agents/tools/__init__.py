"""Tools: the operations of the system as language models see and call them."""
