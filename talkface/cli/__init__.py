"""The command ``talkface``. Each of its commands is a module, and imports what it needs when it is called."""
