"""Telling who cancelled."""

import asyncio


def cancelled_from_outside() -> bool:
    """Whether the running task itself was cancelled.

    False while a CancelledError means that something the task awaited was cancelled, which is a failure like any
    other: a handler's own subtask, or what the AMQP library abandons when it loses its connection.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
