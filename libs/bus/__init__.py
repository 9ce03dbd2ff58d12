"""Messages between services: one interface, carried by RabbitMQ or inside the process."""
