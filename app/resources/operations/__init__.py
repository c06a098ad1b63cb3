"""What operators and their tools read: health, metrics, security.txt."""
