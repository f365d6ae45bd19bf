# What the jobs of a method (a variant or a control row) rest on: input functions, and the part of the configuration and code behind them.


GIVEN = CONFIG.networks.expanduser() if CONFIG.networks else None
# What tables call them: "demo/demo"; empty without any.
FINISHED = str(Path(*CONFIG.networks.parts[-2:])) if CONFIG.networks else ""


def given_file(which, wildcards):
    """A stage's weights or history of the networks that are given; no file without any."""
    names = (wildcards.stage, wildcards.trained, wildcards.seed)
    file = which(GIVEN, *names) if GIVEN else None
    return local(str(file)) if file else []


def given_model(wildcards):
    """The weights of a stage."""
    return given_file(given_weights, wildcards)


def given_course(wildcards):
    """The history of a stage, which bundles do not keep."""
    return given_file(given_history, wildcards)


def given_evaluator(name):
    """An input: a file of a finished experiment's evaluator; none without one."""
    return local(str(GIVEN / "evaluators" / "{evaluator}" / name)) if GIVEN else []


def shared_autoencoder(wildcards) -> list:
    """The VQ autoencoder; none where the networks are a bundle's without one."""
    if not has_autoencoder(CONFIG):
        return []
    return expand(rules.train_autoencoder.output.model, **VALUES | dict(wildcards.items()))


@cache
def needs(variant) -> frozenset:
    """What a variant rests on: names of parts (talkface/evaluation/needs.py)."""
    return needs_of(CONFIG, variant)


def renderer_of(variant, wildcards) -> str:
    """The weights that a variant uses: its own, or those of one that is trained alike."""
    named = {name: value for name, value in wildcards.items() if name != "variant"}
    [weights] = expand(
        rules.train_renderer.output.model, **named, variant=CONFIG.trained_as(variant)
    )
    return weights


def trained_renderer(wildcards) -> str:
    """The weights of the renderer behind a clip."""
    return renderer_of(wildcards.variant, wildcards)


def renderer_section(wildcards) -> dict:
    """The renderer's section under a variant's differences."""
    return section(CONFIG.variant_renderer(wildcards.variant))


def code_of_renderer(wildcards) -> str:
    """Version of the code behind train_renderer: of the variant's renderer, and no other."""
    own = CONFIG.variant_renderer(wildcards.variant)
    return code_of("train_renderer", f"talkface.training.tasks.{own.section}.build")


def code_of_generation(wildcards) -> str:
    """Version of the code behind generate_clips: with the variant's renderer and sampler, and no other."""
    own, sampler = (
        CONFIG.variant_renderer(wildcards.variant),
        CONFIG.variant_sampler(wildcards.variant),
    )
    network = f"talkface.models.{own.section}.{type(own).__name__}"
    return code_of("generate_clips", network, f"talkface.generation.samplers.{sampler.kind}.sample")


def sampler_section(wildcards) -> dict:
    """The sampler under a variant's differences: where nothing is denoised, no more of it than its windows."""
    denoises = "denoiser" in needs(wildcards.variant)
    left_out = set() if denoises else {"kind", "steps", "eta", "shared_noise"}
    return section(CONFIG.variant_sampler(wildcards.variant), exclude=left_out)


def first_face_pattern(variant) -> str:
    """Where a variant's first faces are: split by AU-Attention, or as they are."""
    if "identity_face" in needs(variant):
        return rules.disentangle_faces.output.identities
    return rules.encode_first_faces.output.identities


def first_faces(wildcards) -> list:
    """The first faces of all clips, as the variant sees them."""
    return all_shards(first_face_pattern(wildcards.variant), wildcards)


def first_faces_of_shard(wildcards) -> str:
    """The first faces of one shard's clips, as the variant sees them."""
    return first_face_pattern(wildcards.variant).format(**wildcards)


def sees_true_aus(wildcards) -> bool:
    """Whether the variant is an oracle."""
    return "true_aus" in needs(wildcards.variant)


def where_needed(*parts_and_pattern):
    """An input function: the files of a pattern, where a variant rests on one of the parts named before it."""
    *parts, pattern = parts_and_pattern

    def files(wildcards) -> list:
        return all_shards(pattern, wildcards) if needs(wildcards.variant) & set(parts) else []

    return files


def au_input_part(variant) -> str | None:
    """What a variant's fusion gets of the action units: Audio-to-AU's features, an oracle the true labels, or nothing."""
    if "true_aus" in needs(variant):
        return "aus"
    return "au_features" if "predicted_aus" in needs(variant) else None


def au_input(wildcards) -> list:
    """The same of all shards."""
    part = au_input_part(wildcards.variant)
    return [] if part is None else all_shards(sound_pattern(part), wildcards)


def audio_to_au_itself(wildcards) -> list:
    """Audio-to-AU, where a training varies the sound that it hears."""
    heard = {"labels", "predicted_aus"} <= needs(wildcards.variant)
    return expand(rules.train_audio_to_au.output.model, **wildcards) if heard else []


def sound_pattern(part) -> str:
    """Where a part of what a clip's sound consists of lies; parts have the names of schemas."""
    return {
        "mel": rules.extract_mel.output.mel_table,
        "aus": rules.label_aus.output.aus_table,
        "au_features": rules.predict_aus.output.au_features,
    }[part]


def tables_of_sound(wildcards) -> list:
    """The tables of all shards from which ``gather_other_sounds`` takes the borrowed clips."""
    return sorted(set(all_shards(sound_pattern(wildcards.part), wildcards)))


def of_drivers(part, wildcards) -> list:
    """The files behind the sound that drives a clip: its own shard's, and what is borrowed where it is another clip's."""
    own = expand(sound_pattern(part), **wildcards)
    if wildcards.sound:
        own += expand(rules.gather_other_sounds.output, **wildcards, part=part)
    return own


def au_input_of_driver(wildcards) -> list:
    """The same of the clips whose sound drives."""
    part = au_input_part(wildcards.variant)
    return [] if part is None else of_drivers(part, wildcards)


def sound_of_driver(wildcards) -> list:
    """Mel frames of the clips that drive."""
    return of_drivers("mel", wildcards)


def shown_frames(wildcards) -> list:
    """The true frames, whose upper halves the inpaint protocol knows."""
    return (
        expand(rules.crop_faces.output.faces_table, **wildcards)
        if wildcards.protocol == "inpaint"
        else []
    )


def perceptual_stand_in(wildcards) -> list:
    """Our own autoencoder, where a variant has a perceptual loss and no file of VGG-19 is given."""
    wanted = "perceptual" in needs(wildcards.variant) and CONFIG.perceptual.vgg19 is None
    return expand(rules.train_autoencoder.output.model, **wildcards) if wanted else []


def vgg19(wildcards) -> list:
    """The file of VGG-19, where a variant has a perceptual loss and the configuration names one."""
    wanted = "perceptual" in needs(wildcards.variant) and CONFIG.perceptual.vgg19 is not None
    return [local(CONFIG.perceptual.vgg19)] if wanted else []


def samplers_of(variants) -> dict:
    """The sampler of each variant that has one, for the tables' notes."""
    return {
        name: section(CONFIG.variant_sampler(name))
        for name in variants
        if "denoiser" in needs(name)
    }


def variant_of_control(wildcards) -> str | None:
    """The variant whose own autoencoder a control shows, if any."""
    name = wildcards.control
    return name.removesuffix(OWN_AUTOENCODER) if name.endswith(OWN_AUTOENCODER) else None


def weights_of_control(wildcards) -> list:
    """Only autoencoders need weights: paper A's, or a variant's own."""
    if wildcards.control == "autoencoder":
        return expand(rules.train_autoencoder.output.model, **wildcards)
    variant = variant_of_control(wildcards)
    return [renderer_of(variant, wildcards)] if variant else []


def gpu_of_control(wildcards) -> int:
    """Only autoencoders run on one."""
    return GPU if weights_of_control(wildcards) else 0


def gpu_share_of_control(wildcards) -> int:
    """The same in hundredths of a card."""
    return NETWORK["gpu_share"] if gpu_of_control(wildcards) else 0


def first_faces_of_control(wildcards) -> list:
    """A variant's own autoencoder sees the first face too."""
    variant = variant_of_control(wildcards)
    return [first_face_pattern(variant).format(**wildcards)] if variant else []


def sound_of_control(wildcards) -> list:
    """Mel frames, for the control that is ordered by loudness."""
    heard = wildcards.control == "loudness"
    return expand(rules.extract_mel.output.mel_table, **wildcards) if heard else []


def faces_beside_control(wildcards) -> list:
    """The faces of the next shard, for the control that shows another speaker's."""
    if wildcards.control != "other_face":
        return []
    names = list(SHARDS)
    beside = names[(names.index(wildcards.shard) + 1) % len(names)]
    named = {name: value for name, value in wildcards.items() if name != "shard"}
    return expand(rules.crop_faces.output.faces_table, shard=beside, **named)


def shift_of_control(wildcards) -> int:
    """By how many frames a control is early or late; others do not depend on it."""
    return CONFIG.metrics.shift_frames if wildcards.control in ("early", "late") else 0


def clips_of_control(wildcards) -> int | None:
    """Of how many clips of a speaker a control is made: those of the tables of all, the others of some."""
    few = wildcards.control in CONFIG.metrics.controls
    return CONFIG.metrics.control_clips_per_speaker if few else None


def code_of_control(wildcards) -> str:
    """Version of the code behind generate_controls, with the network of a variant's own autoencoder."""
    if (variant := variant_of_control(wildcards)) is None:
        return code_of("generate_controls")
    own = CONFIG.variant_renderer(variant)
    return code_of("generate_controls", f"talkface.models.{own.section}.{type(own).__name__}")


def films_listing(wildcards) -> str:
    """Stands for the films of another system that belong to a shard's speakers."""
    return films_fingerprint(EXTERNALS[wildcards.system].films, speakers_of_shard(wildcards))


def picture_of_films(wildcards) -> str:
    """Whether its films are crops already."""
    return EXTERNALS[wildcards.system].picture
