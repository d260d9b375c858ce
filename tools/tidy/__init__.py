"""What a program can check of STYLE.md."""
