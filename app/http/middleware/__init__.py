"""What is done for every request and response, independent of the resource."""
