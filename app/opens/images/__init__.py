"""The images of an account: what e-mails carry, how they are kept and served."""
