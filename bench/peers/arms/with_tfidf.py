"""scikit-learn: TF-IDF and logistic regression, as its tutorials of texts have it, in tellapart's own environment.

`words` are single words; `words-letters` are words and pairs of them, and 2 to 5 letters within words. `-balanced` has
`class_weight="balanced"`.
"""

from sequences_task import answer, given, texts  # isort: skip

import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

task = given()
(x, y), (x_test, y_test) = texts(task, "train"), texts(task, "test")
if task.tiny:
    x, y = x[:500], y[:500]
features = TfidfVectorizer()
if task.method.startswith("words-letters"):
    features = make_union(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)))
weights = "balanced" if task.method.endswith("balanced") else None
model = make_pipeline(features, LogisticRegression(class_weight=weights, max_iter=1000, random_state=task.seed))
started = time.perf_counter()
model.fit(x, y)
seconds = time.perf_counter() - started
answer(seconds, np.array(y_test), model.predict(x_test))
