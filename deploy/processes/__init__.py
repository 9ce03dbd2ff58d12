"""Servers of our own (PostgreSQL, RabbitMQ, Redis) on free loopback ports, beside those that run already."""
