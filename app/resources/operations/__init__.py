"""Resources for operators and their tools: health, metrics, security.txt."""
