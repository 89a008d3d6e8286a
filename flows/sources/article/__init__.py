"""The article whose figures are tracked: claims with locators, not its text."""
