"""How people come in and back in: registration, verification, forgotten passwords, a new address."""
