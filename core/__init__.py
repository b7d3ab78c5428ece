"""Values and small services that every other package shares; imports nothing of ours."""
