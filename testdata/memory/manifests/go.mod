module example.com/shop

go 1.24

require (
	go.uber.org/automemlimit v0.2.5 // indirect
	github.com/KimMachineGun/automemlimit v0.7.1
)

require golang.org/x/sync v0.10.0
