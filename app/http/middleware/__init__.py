"""What happens to each request and response, whatever the resource."""
