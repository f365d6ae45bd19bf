# What a job asks of the machine, by kind of job. The SLURM profile repeats them per rule
# (profiles/slurm/config.yaml); it and --set-resources may give a rule other numbers.
# mem_mb: memory in MB; runtime: minutes (SLURM ends a job then); gpu: graphics cards.

# Lists and checks.
LISTING = {"mem_mb": 2000, "runtime": 60}
# One archive of a published corpus.
DOWNLOAD = {"mem_mb": 500, "runtime": 240}
# Decoding, labelling or encoding the clips of one speaker.
MEDIA = {"mem_mb": 4000, "runtime": 120}
# A finished network on the clips of one speaker.
NETWORK = {"mem_mb": 4000, "runtime": 120, "gpu": GPU}
# A renderer on the test clips of one speaker.
GENERATION = {"mem_mb": 6000, "runtime": 720, "gpu": GPU}
# A method's generated clips against the truth.
SCORING = {"mem_mb": 3000, "runtime": 720}
# Tables, figures and pages.
REPORTING = {"mem_mb": 2000, "runtime": 10}
# Trainings may run in several processes. How many they are is a resource and no parameter: it reruns nothing, and
# --set-resources or a profile can give each training its own number (docs/distributed.md).
TRAINING = {
    "mem_mb": 8000,
    "runtime": 2880,
    "gpu": GPU * CONFIG.compute.processes,
    "processes": CONFIG.compute.processes,
}
RENDERER_TRAINING = TRAINING | {"mem_mb": 12000, "runtime": 5760}
TRAINING_THREADS = CONFIG.compute.threads * CONFIG.compute.processes
