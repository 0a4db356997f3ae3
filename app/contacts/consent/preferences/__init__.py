"""The page on which a person says what they want to receive: public, by the link that they were sent."""
