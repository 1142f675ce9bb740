// Both platforms, tagged by version:  VERSION=0.1.0 docker buildx bake -f docker-bake.hcl --push
variable "VERSION" { default = "dev" }
variable "REVISION" { default = "unknown" }
variable "CREATED" { default = "1970-01-01T00:00:00Z" }
variable "IMAGE" { default = "gofr-plot_backup" }

group "default" { targets = ["backup"] }

target "backup" {
  context    = ".."
  dockerfile = "docker/Dockerfile.backup"
  platforms  = ["linux/amd64", "linux/arm64"]
  tags       = ["${IMAGE}:${VERSION}", "${IMAGE}:latest"]
  attest     = ["type=provenance,mode=max", "type=sbom"]
  args       = { VERSION = VERSION, REVISION = REVISION, CREATED = CREATED }
}
