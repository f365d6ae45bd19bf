"""What makes two results the same result: the code that computed them, the parameters, and the tools."""
