"""One experiment: all sections, what is measured, and the variants that differ from them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, create_model, model_validator

from talkface.config.basics import ConfigError, Slug, Strict, merge
from talkface.config.compute import Compute
from talkface.config.data import AuLabels, Corpus, Faces, Limits, Media, Mel, Mfcc, Split, Video
from talkface.config.external import EXTERNAL, External
from talkface.config.losses import Perceptual
from talkface.config.metrics import Metrics
from talkface.config.networks import AuAttention, AuClassifier, AudioToAu, Autoencoder
from talkface.config.renderers import RENDERERS, Fused
from talkface.config.sampler import Sampler
from talkface.config.study import Study


class Evaluation(Strict):
    """What is generated and measured."""

    protocols: list[Literal["one_shot", "inpaint"]] = ["one_shot"]
    """What a method sees at test time: the first face and the sound, or every upper half too."""
    max_clips_per_speaker: int | None = None
    """Per subset; None: all."""
    seed: int = 0
    """Pairing of clips with another clip's sound."""


class Preflight(Strict):
    """What the check before heavy jobs asks of the machine (rule ``check_setup``); changes no number."""

    disk_margin: float = Field(1.2, ge=0)
    """Required free disk space, as a multiple of the estimate; 0: no check."""
    gpu_memory_mb: int | None = Field(None, ge=0)
    """Required GPU memory; None: the value in talkface/preflight/measured.yaml."""


class Gallery(Strict):
    """Clips of the report's videos."""

    clips_per_subset: int = Field(2, ge=0)
    """Clips of seen and of unseen speakers that get a video."""


class VariantBase(Strict):
    """A named difference: what it changes of the sections that may differ, on top of another variant's.

    Each renderer's section has a field of its name, with the differences from that section.
    """

    base: Slug | None = None
    """The variant whose differences are inherited; None: the configuration itself."""
    output: str | None = None
    """What its renderer gives: diffusion (section renderer), frames (frame_renderer), warp (warp_renderer) or
    photo_diffusion (photo_renderer); None: as the base."""
    sampler: dict[str, Any] = {}
    """Differences from the section sampler."""


Variant = create_model(
    "Variant",
    __base__=VariantBase,
    __doc__=VariantBase.__doc__,
    **{own.section: (dict[str, Any], {}) for own in RENDERERS.values()},  # type: ignore[call-overload]
)
Renderers = create_model(
    "Renderers",
    __base__=Strict,
    **{own.section: (own | None, None) for own in RENDERERS.values()},  # type: ignore[call-overload]
)
"""A section for each renderer; one that no variant uses may be left out."""


class TableRow(Strict):
    """A row of a table: a variant, under another name where the table calls it so."""

    variant: Slug
    """The variant whose figures the row shows."""
    label: str | None = None
    """None: the variant's own name."""
    published: str | None = None
    """Id in published.yaml; None: the entry that names the variant."""


class Table(Strict):
    """A published table (target ``paper``), laid out like it."""

    title: str
    """Heading."""
    source: str
    """"paper B, table 3"."""
    rows: list[TableRow]
    """Its rows, from top to bottom."""
    columns: Literal["results", "units"] = "results"
    """Units: F1 and accuracy of each AU."""
    protocol: Literal["one_shot", "inpaint"] = "one_shot"
    """The protocol under which its rows are measured."""


class Config(Renderers):
    """One experiment on one corpus."""

    experiment: Slug = "demo"
    """Name of the experiment: its results lie under results/{experiment}."""
    seeds: list[int] = [0]
    """Seeds of the trainings; tables show the mean over them."""
    speakers_per_shard: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """How many speakers share a shard (one file of each kind, one job of each rule): at most this many; auto:
    as their clips allow, one with 500 clips or more alone, the demo's six in two shards. Changes no number,
    but where files lie: what was made so far is made anew."""
    networks: Path | None = None
    """Folder results/{experiment}/{corpus} of a finished experiment, or a bundle, whose networks (and, of an
    experiment, evaluators) are used as they are: nothing is trained. For other clips than it was trained on
    (docs/other_corpus.md)."""
    corpus: Corpus = Corpus()
    """Where the raw clips are, and their layout."""
    split: Slug
    """The split that is used, by its name."""
    splits: dict[Slug, Split]
    """Splits to choose from."""
    media: Media = Media()
    """Reading and writing clips."""
    video: Video = Video()
    """Frame rate and crop size."""
    faces: Faces = Faces()
    """Face tracking and alignment."""
    limits: Limits = Limits()
    """What a clip must show and sound like to be used."""
    aus: AuLabels = AuLabels()
    """AU labelling."""
    mel: Mel = Mel()
    """Log-mel frames of the sound."""
    mfcc: Mfcc = Mfcc()
    """The MFCC window of the networks."""
    compute: Compute = Compute()
    """Where networks run, and on how many threads and processes."""
    preflight: Preflight = Preflight()
    """Requirements of the check before heavy jobs."""
    autoencoder: Autoencoder
    """The VQ autoencoder of paper A."""
    audio_to_au: AudioToAu
    """The networks that predict action units from sound."""
    au_attention: AuAttention
    """The disentanglement of paper A."""
    au_classifier: AuClassifier
    """The AU classifier for the AU loss of papers B and C."""
    perceptual: Perceptual = Perceptual()
    """Features of the perceptual loss."""
    sampler: Sampler = Sampler()
    """How the diffusion renderer is sampled."""
    evaluation: Evaluation = Evaluation()
    """What is generated and measured."""
    metrics: Metrics = Metrics()
    """What is measured on the generated clips."""
    gallery: Gallery = Gallery()
    """Videos of the report."""
    variants: dict[Slug, Variant] = {"ours": Variant()}
    """Named sets of differences. Only variants that a table or ``main`` names are trained."""
    main: list[Slug] = ["ours"]
    """Variants of the main table, report and gallery; they also run with another clip's sound."""
    external: dict[Slug, External] = {}
    """Films of other systems, a row of the main table for each folder (docs/external_rows.md)."""
    study: Study = Study()
    """A study with people, whose page the target study makes."""
    tables: dict[Slug, Table] = {}
    """The papers' tables (target ``paper``)."""

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if self.split not in self.splits:
            raise ValueError(f"split: '{self.split}' is not one of splits: {sorted(self.splits)}")
        self._check_networks()
        if self.mfcc.coefficients >= self.mel.bands:
            raise ValueError(
                "mfcc.coefficients: must be fewer than mel.bands (the energy coefficient is dropped)"
            )
        for name in self.variants:
            made = name.startswith(EXTERNAL) or name.endswith(("_other_sound", "_autoencoder"))
            if name in RESERVED_NAMES or made:
                raise ValueError(f"variants.{name}: the name is taken by a control row; choose another")
            self._check_variant(name)
        named = {"main": self.main}
        named |= {f"tables.{key}.rows": [row.variant for row in t.rows] for key, t in self.tables.items()}
        for field, names in named.items():
            unknown = [name for name in names if name not in self.variants]
            if unknown:
                raise ValueError(f"{field}: {unknown} are not among variants: {sorted(self.variants)}")
        for name, own in self.external.items():
            if own.protocol not in self.evaluation.protocols:
                raise ValueError(
                    f"external.{name}.protocol: '{own.protocol}' is not in evaluation.protocols: add it there"
                )
        known = {*self.variants, *(EXTERNAL + name for name in self.external), "ground_truth"}
        if unknown := sorted(set(self.study.methods or []) - known):
            raise ValueError(f"study.methods: {unknown} are no rows; choose from {sorted(known)}")
        if taken := sorted(FIXED_OUTPUTS & set(self.tables)):
            raise ValueError(f"tables: {taken} are always made; choose other names")
        self._check_shares()
        return self

    def _check_networks(self) -> None:
        if self.networks is None and self.splits[self.split].seen == []:
            raise ValueError(
                f"splits.{self.split}.seen: [] trains on nobody: name speakers, or give `networks` of a "
                "finished experiment"
            )

    def _check_shares(self) -> None:
        shared = ("autoencoder", "audio_to_au", "au_attention", "au_classifier")
        named = [*shared, *(own.section for own in RENDERERS.values())]
        stages = {name: getattr(self, name) for name in named if getattr(self, name) is not None}
        evaluators = self.metrics.evaluators
        stages |= {
            f"metrics.evaluators.{name}": getattr(evaluators, name) for name in type(evaluators).model_fields
        }
        stages |= {f"variants.{name}": self.variant_renderer(name) for name in self.variants}
        for name, section in stages.items():
            if section.training.batch_size % self.compute.processes:
                raise ValueError(
                    f"compute.processes: {self.compute.processes} processes cannot share "
                    f"{name}.training.batch_size {section.training.batch_size} evenly; change one of them"
                )

    def _check_variant(self, name: str) -> None:
        lineage = [name]
        while (base := self.variants[lineage[-1]].base) is not None:
            if base not in self.variants:
                raise ValueError(f"variants.{lineage[-1]}.base: '{base}' is not among variants")
            if base in lineage:
                raise ValueError(f"variants.{name}.base: {' -> '.join([*lineage, base])} goes in a circle")
            lineage.append(base)
        if (output := self.variant_output(name)) not in RENDERERS:
            raise ValueError(f"variants.{name}.output: '{output}' is not one of {', '.join(RENDERERS)}")
        read = RENDERERS[output].section
        if getattr(self, read) is None:
            raise ValueError(
                f"variants.{name}: its output is '{output}', so the configuration needs section '{read}'"
            )
        try:
            self.variant_renderer(name).check(self.video.crop_size)
            self.variant_sampler(name)
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(["variants", name, *map(str, problem["loc"])])
            raise ValueError(f"{field}: {problem['msg']}") from None
        except ValueError as error:
            raise ValueError(f"variants.{name}: {error}") from None
        for other in RENDERERS.values():
            if other.section != read and getattr(self.variants[name], other.section):
                raise ValueError(
                    f"variants.{name}.{other.section}: this section is not used: the variant's output is "
                    f"'{output}', so give it section '{read}' or another output"
                )

    def check_speakers(self, present: Sequence[str]) -> None:
        """Refuse a split that names speakers whom the corpus does not have (``ConfigError``)."""
        split = self.splits[self.split]
        for field, named in split.roles.items():
            absent = [speaker for speaker in named if speaker not in present]
            if absent:
                raise ConfigError(
                    f"splits.{self.split}.{field}: {absent} are not among the speakers of corpus "
                    f"'{self.corpus.name}': {', '.join(present)}"
                )

    def variant_output(self, name: str) -> str:
        """What the named variant's renderer gives, such as "diffusion": it denoises latents (paper A)."""
        variant = self.variants[name]
        return variant.output or (self.variant_output(variant.base) if variant.base else "diffusion")

    def variant_renderer(self, name: str) -> Fused:
        """Its renderer's section under the named variant's differences."""
        own = RENDERERS[self.variant_output(name)]
        return own.model_validate(self._differing(own.section, name))

    def variant_sampler(self, name: str) -> Sampler:
        """The sampler section under the named variant's differences."""
        return Sampler.model_validate(self._differing("sampler", name))

    def _differing(self, section: str, name: str) -> dict[str, Any]:
        variant = self.variants[name]
        if variant.base is None:
            below = getattr(self, section).model_dump(mode="json")
        else:
            below = self._differing(section, variant.base)
        return merge(below, getattr(variant, section))

    def trained_as(self, name: str) -> str:
        """The variant whose renderer the named one uses, of all that are trained alike.

        So variants that differ in the sampler alone share one training. It is the one with the fewest
        settings of its own, then the first by name: the order of a merged configuration says nothing.
        """
        return self._trainings[name]

    @cached_property
    def _trainings(self) -> dict[str, str]:
        first: dict[tuple[str, str], str] = {}
        alike = {
            n: (self.variant_output(n), self.variant_renderer(n).model_dump_json()) for n in self.variants
        }
        plainest_first = sorted(self.variants, key=lambda n: (len(self.variants[n].model_fields_set), n))
        return {name: first.setdefault(alike[name], name) for name in plainest_first}

    def named_variants(self) -> list[str]:
        """The variants that ``main`` or a table names, in that order."""
        rows = [row.variant for table in self.tables.values() for row in table.rows]
        return list(dict.fromkeys([*self.main, *rows]))


FIXED_OUTPUTS = {
    "main_results", "corpus_summary", "au_classifier", "lips_by_speaker", "aus_by_unit", "orders",
    "external_films", "paired_tests", "further_results", "evaluators",
    "training_curves", "attention_masks", "predicted_aus", "lip_opening", "contact_sheet", "people",
}  # fmt: skip
"""Tables and figures that have these names already."""
RESERVED_NAMES = {
    "ground_truth", "autoencoder", "static", "mean_mouth", "shared", "au_classifier", "codec", "blurred",
    "early", "late", "loudness", "other_clip", "other_face",
}  # fmt: skip
