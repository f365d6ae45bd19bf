# A published corpus -> raw clips under corpus.root. By itself, before anything else: `snakemake download` (docs/download.md).

from talkface.corpora.download.layout import speaker_of

ARCHIVES = CONFIG.corpus.download.archives if CONFIG.corpus.download else []
RECEIPTS = f"{CONFIG.corpus.root.expanduser()}/.receipts/{{archive}}.json"
OF_CLIPS = expand(RECEIPTS, archive=filter(speaker_of, ARCHIVES))
# Transcripts come after the clips, by whose names they are told apart.
BEFORE = {name: [] if speaker_of(name) else OF_CLIPS for name in ARCHIVES}


rule download_archive:
    input:
        after_clips=lookup(dpath="{archive}", within=BEFORE),
    output:
        # Not deleted before the job: what it lists, and is still there, is not fetched again.
        receipt=update(RECEIPTS),
    wildcard_constraints:
        archive=any_of(ARCHIVES),
    retries: 2
    resources:
        **DOWNLOAD,
    params:
        code=code_of("download_archive"),
        # Not the list of archives: another one does not touch those that are here.
        corpus=section(CONFIG.corpus, include={"reader": True, "download": {"record", "md5"}}),
    script:
        "../workflow_scripts/download_archive.py"


rule download:
    """Fetch a published corpus, check it and unpack it under corpus.root."""
    input:
        expand(RECEIPTS, archive=ARCHIVES),
