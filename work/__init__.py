"""What happens beside the requests."""
