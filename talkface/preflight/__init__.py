"""Before heavy jobs: is everything there that they need, and what will they take?"""
