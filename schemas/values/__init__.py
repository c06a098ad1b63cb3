"""How values are written and compared: money, dates, texts, addresses."""
