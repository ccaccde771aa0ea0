"""What Prometheus may know: figures from the database and the broker, latencies of both remotes."""
