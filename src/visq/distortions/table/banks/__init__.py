"""The distortions of published databases, in their own numbering and with their own levels."""
