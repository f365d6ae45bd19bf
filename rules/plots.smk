# The figures of the report.


rule plot_training:
    input:
        histories=histories_of(CONFIG.main),
    output:
        figure=report(
            "results/{experiment}/{corpus}/figures/training_curves.svg",
            caption="captions/training_curves.rst",
            category="Figures",
            subcategory="Training",
            labels={"figure": "training curves"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_training"),
    script:
        "../workflow_scripts/plot_training.py"


rule plot_masks:
    input:
        identities=everything_shown(rules.disentangle_faces.output.identities),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure=report(
            "results/{experiment}/{corpus}/figures/attention_masks.svg",
            caption="captions/attention_masks.rst",
            category="Figures",
            subcategory="Test clips",
            labels={"figure": "attention masks"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_masks"),
        crop_size=CONFIG.video.crop_size,
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_masks.py"


rule plot_aus:
    input:
        au_features=everything_shown(rules.predict_aus.output.au_features),
        aus=everything(rules.label_aus.output.aus_table),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure=report(
            "results/{experiment}/{corpus}/figures/predicted_aus.svg",
            caption="captions/predicted_aus.rst",
            category="Figures",
            subcategory="Test clips",
            labels={"figure": "action units heard in the sound"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_aus"),
        labels=section(CONFIG.aus),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_aus.py"


rule plot_lips:
    input:
        landmarks_true=everything(rules.crop_faces.output.landmarks_table),
        landmarks_generated=everything_shown(rules.track_generated.output.landmarks),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure=report(
            "results/{experiment}/{corpus}/figures/lip_opening.svg",
            caption="captions/lip_opening.rst",
            category="Figures",
            subcategory="Test clips",
            labels={"figure": "opening of the lips"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_lips"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_lips.py"


rule plot_contact_sheet:
    input:
        faces=everything(rules.crop_faces.output.faces_table),
        videos=everything_shown(rules.render_gallery.output.videos),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure=report(
            "results/{experiment}/{corpus}/figures/contact_sheet.svg",
            caption="captions/contact_sheet.rst",
            category="Figures",
            subcategory="Test clips",
            labels={"figure": "contact sheet"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_contact_sheet"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_contact_sheet.py"


rule plot_people:
    input:
        faces=everything(rules.crop_faces.output.faces_table),
        landmarks_true=everything(rules.crop_faces.output.landmarks_table),
        generated=everything_shown(
            "results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/{shard}.parquet"
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure=report(
            "results/{experiment}/{corpus}/figures/people.svg",
            caption="captions/people.rst",
            category="Figures",
            subcategory="Test clips",
            labels={"figure": "unseen people"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_people"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
    script:
        "../workflow_scripts/plot_people.py"
