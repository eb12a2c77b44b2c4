"""Arrays in, arrays out: the numerical kernels. They import nothing of the package."""
