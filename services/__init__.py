"""The bounded contexts. Services never import each other, nor the gateway."""
