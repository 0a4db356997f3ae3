"""What needs a person: found by checks, shown until its cause is gone."""
