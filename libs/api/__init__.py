"""Operations declared once, calls as values, and everything that follows from a declaration (architecture 1 and 2)."""
