"""What sagas ask of services: one module a service, one model a command, named in the imperative."""
