# Driver: brms with rstan. Its compilation is measured once and counted in every fit.
told <- strsplit(commandArgs(trailingOnly = TRUE), "=", fixed = TRUE)
job <- setNames(lapply(told, function(x) paste(x[-1], collapse = "=")), sapply(told, `[`, 1))
say <- function(...) cat(sprintf(...), "\n", file = file.path(job$folder, "report.jsonl"), append = TRUE, sep = "")

suppressPackageStartupMessages(library(brms))
# Debian's BH holds no headers of its own; Boost's stand where the compiler looks anyway.
if (!nzchar(system.file("include", package = "BH"))) rstan::rstan_options(boost_lib = "/usr/include")
data <- read.csv(job$data, stringsAsFactors = TRUE)
chains <- as.integer(job$chains)
tune <- as.integer(job$tune)
started <- proc.time()
compiled <- brm(as.formula(job$formula), data, chains = 0, silent = 2, refresh = 0)
compile <- (proc.time() - started)[["elapsed"]]

# Draws of some variables as raw doubles, fastest by draw, then chain, then variable.
keep <- function(all, seed, name, pattern) {
  some <- grep(pattern, dimnames(all)[[3]])
  if (length(some) == 0) return(invisible())
  file <- sprintf("%s_%s_%d_%d_%d.f64", seed, name, dim(all)[1], dim(all)[2], length(some))
  writeBin(as.double(all[, , some]), file.path(job$folder, file))
}

for (seed in strsplit(job$seeds, ",")[[1]]) {
  started <- proc.time()
  fit <- update(compiled, newdata = data, recompile = FALSE, seed = as.integer(seed), chains = chains,
                warmup = tune, iter = tune + as.integer(job$draws), silent = 2, refresh = 0,
                cores = min(chains, parallel::detectCores()))
  spent <- proc.time() - started
  say('{"event": "fit", "seed": %s, "at": %.3f, "cpu": %.4f, "build": 0, "compile": %.4f, "sample": %.4f, "effects": 0}',
      seed, as.numeric(Sys.time()), sum(spent[-3]), compile, spent[["elapsed"]])
  all <- as_draws_array(fit)
  patterns <- c(b = "^b_", sigma = "^sigma$", sd = "^sd_", cor = "^cor_", u = "^r_")
  for (name in names(patterns)) keep(all, seed, name, patterns[[name]])
}
say('{"event": "versions", "versions": {"R": "%s", "brms": "%s", "rstan": "%s"}}',
    paste(R.version$major, R.version$minor, sep = "."), packageVersion("brms"), packageVersion("rstan"))
