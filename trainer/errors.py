"""The one error of the trainer: a clear message for the person who called it, and what they can do about it."""


class TrainerError(Exception):
    """Bad input or an unsupported graph; the command prints the message and exits with 2."""

    def __init__(self, message: str, hint: str | None = None):
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)
