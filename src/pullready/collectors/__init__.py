"""The only code that does I/O: it fills the snapshot with documents."""
