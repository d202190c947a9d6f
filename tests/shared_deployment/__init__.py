"""Tests of what several machines share, against real servers: `make test-shared`, in an environment of its own."""
