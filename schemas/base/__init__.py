"""What all schemas share: properties, their types and their errors."""
