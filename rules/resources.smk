# What a job asks of the machine, by kind of job. A profile and --set-resources may give a rule other numbers.
# mem_mb: memory in MB; runtime: minutes (SLURM ends a job then); gpu: graphics cards, for clusters; gpu_share: hundredths of
# a card, for this machine: the profile says how many there are (docs/distributed.md). Trainings have a card to themselves;
# short jobs, most of whose time is their start, share one.


def growing(first, step=None):
    """An amount that grows with each further attempt of a job (--retries): by ``step``, or by as much again."""

    def asked(wildcards, attempt):
        return first + (attempt - 1) * (first if step is None else step)

    return asked


# Which jobs start first where several could: what the longest chain of jobs waits for. Control rows, their tracking and
# scores fill the cores beside trainings.
FIRST, SECOND, THIRD = 30, 20, 10

# Lists and checks.
LISTING = {"mem_mb": growing(2000), "runtime": growing(60)}
# One archive of a published corpus.
DOWNLOAD = {"mem_mb": growing(500), "runtime": growing(240)}
# Decoding, labelling or encoding the clips of one shard.
MEDIA = {"mem_mb": growing(4000), "runtime": growing(120)}
# A finished network on the clips of one shard.
NETWORK = {"mem_mb": growing(4000), "runtime": growing(120), "gpu": GPU, "gpu_share": 25 * GPU}
# A renderer on the test clips of one shard.
GENERATION = {"mem_mb": growing(6000), "runtime": growing(720), "gpu": GPU, "gpu_share": 50 * GPU}
# A method's generated clips against the truth.
SCORING = {"mem_mb": growing(3000), "runtime": growing(720)}
# Tables, figures and pages.
REPORTING = {"mem_mb": growing(2000), "runtime": growing(10)}
# Trainings may run in several processes. How many they are is a resource and no parameter: it reruns nothing, and
# --set-resources or a profile can give each training its own number (docs/distributed.md).
TRAINING = {
    "mem_mb": growing(8000, 4000),
    "runtime": 2880,  # an attempt goes on where the last one was
    "gpu": GPU * CONFIG.compute.processes,
    "gpu_share": 100 * GPU * CONFIG.compute.processes,
    "processes": CONFIG.compute.processes,
    "loaders": CONFIG.compute.loaders,
    # No part of a result either.
    "keep_state": int(CONFIG.compute.keep_state),
    "tensorboard": int(CONFIG.compute.tensorboard),
}
RENDERER_TRAINING = TRAINING | {"mem_mb": growing(12000, 4000), "runtime": 5760}
TRAINING_THREADS = CONFIG.compute.threads * CONFIG.compute.processes
