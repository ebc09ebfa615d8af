"""Pages hold only what runs."""
