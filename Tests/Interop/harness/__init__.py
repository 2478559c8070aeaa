"""What every interoperability test stands on: servers as real processes, clients of several makes, bounded waiting."""
