"""DANGO (Zhang, Ma and Ma 2020, doi 10.1101/2020.11.26.400739), rebuilt from the paper."""
