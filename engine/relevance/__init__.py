"""How good answers are: judgments, measures, contenders, and what their differences are worth."""
