"""What this program is called by other programs, and its version."""

APP = "controlnet-studio"
VERSION = "0.1.0"
