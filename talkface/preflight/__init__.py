"""The check before heavy jobs: are files and resources available, and how long will the jobs take?"""
