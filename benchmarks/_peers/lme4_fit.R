# Driver: lme4's point estimate (REML). There are no draws; a seed is a repetition.
told <- strsplit(commandArgs(trailingOnly = TRUE), "=", fixed = TRUE)
job <- setNames(lapply(told, function(x) paste(x[-1], collapse = "=")), sapply(told, `[`, 1))
say <- function(...) cat(sprintf(...), "\n", file = file.path(job$folder, "report.jsonl"), append = TRUE, sep = "")

suppressPackageStartupMessages(library(lme4))
data <- read.csv(job$data, stringsAsFactors = TRUE)
for (seed in strsplit(job$seeds, ",")[[1]]) {
  started <- proc.time()
  fit <- suppressWarnings(lmer(as.formula(job$formula), data))
  spent <- proc.time() - started
  say('{"event": "fit", "seed": %s, "at": %.3f, "cpu": %.4f, "build": 0, "compile": 0, "sample": %.4f, "effects": 0}',
      seed, as.numeric(Sys.time()), sum(spent[-3]), spent[["elapsed"]])
}
say('{"event": "versions", "versions": {"R": "%s", "lme4": "%s"}}',
    paste(R.version$major, R.version$minor, sep = "."), packageVersion("lme4"))
