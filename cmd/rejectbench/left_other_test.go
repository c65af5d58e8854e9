//go:build !linux

package main

// noneLeft knows of no processes: it reads Linux's /proc.
func noneLeft(string) error { return nil }
